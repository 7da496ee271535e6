"""Writes starting points for the fuzz targets: the test vectors, and the example ConfigMaps.

Usage: python3 fuzz/seeds.py FOLDER, which gets one folder per target."""

import hashlib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
VECTORS = ROOT / "tests" / "vectors"


def lines(name):
    path = VECTORS / name
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def block(text):
    """A text as a YAML block scalar."""
    return "|-\n" + "\n".join("    " + line for line in text.splitlines())


def config_map(**keys):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata:\n"
    return text + "".join(f"  {key}: {block(value)}\n" for key, value in keys.items())


def expressions():
    for case in lines("expr.jsonl"):
        yield case["expr"]


def templates():
    for case in lines("gotemplate.jsonl"):
        yield case["template"]
    yield "{{#each pod.spec.containers}}{{this.name}}{{#unless @last}}, {{/unless}}{{/each}}"
    yield "{{#if pod.status.phase}}{{upper pod.status.phase}}{{else}}?{{/if}}"


def configs():
    for path in sorted((ROOT / "assets").rglob("*.yaml")):
        yield path.read_text(encoding="utf-8")
    wire = VECTORS / "wire"
    for path in sorted(wire.glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            keys = {
                f"service.{service['type']}.{service['name']}": service["config"]
                for service in case["services"]
            }
            keys.update((f"template.{name}", text) for name, text in case["templates"].items())
            yield config_map(**keys)
    secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: a}\n"
    trigger = "- when: pod.status.phase == 'Pending'\n  send: [m]\n  oncePer: pod.metadata.name"
    web = "url: http://127.0.0.1:1/\nheaders:\n- name: A\n  value: Bearer $token"
    yield config_map(**{
        "service.webhook.web": web,
        "trigger.t": trigger,
        "template.m": "message: hi {{.pod.metadata.name}}\nwebhook:\n  web:\n    method: POST\n    body: '{\"a\": {{.pod | toJson}}}'",
        "subscriptions": "- recipients: [web:a]\n  triggers: [t]\n  selector: app in (web)",
        "defaultTriggers": "[t]",
        "defaultTriggers.web": "- t",
    }) + secret
    yield config_map(**{"template.m": "message: &m hi\nslack:\n  attachments: *m\n<<: {engine: handlebars}"})


def subscriptions():
    yield "subscribe.t.web=a;b\0app=x"
    yield "subscribe.web=\0subscribe..web= ; \0subscribe.t.s.x=a"
    yield "subscriptions=- trigger: [t]\n  destinations:\n  - service: web\n    recipients: [a, 1, true]"
    yield 'subscriptions.team=[{"trigger": ["t"], "destinations": [{"service": "web", "recipients": ["a;b"]}]}]'
    yield "app in (x, y), !z, a!=b, n>5, example.com/x notin (1), e="


def states():
    yield '{"on-pod-ready:[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go:webhook:":1645078598}'
    yield '{"\\u003cnil\\u003e:t:[0].abc:webhook:r":1,"a":null,"b":1.0,"c":"1","d":1e3}'
    yield json.dumps({f"k{number}": number for number in range(120)})


def main(folder):
    targets = {
        "expr": expressions,
        "template": templates,
        "config": configs,
        "subscribe": subscriptions,
        "state": states,
    }
    for target, seeds in targets.items():
        to = folder / target
        to.mkdir(parents=True, exist_ok=True)
        count = 0
        for seed in seeds():
            data = seed.encode("utf-8", "surrogatepass")
            (to / hashlib.sha1(data).hexdigest()).write_bytes(data)
            count += 1
        print(f"{target}: {count} seeds")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
