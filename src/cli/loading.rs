//! What the commands that need no engine work on: ConfigMap and Secret, each from a file, from
//! standard input or from the cluster. The cluster is only asked for what is not in files. The object
//! that a command is about is read in `subject`.

use super::engine::{EngineArgs, expression_options};
use super::manifest::{absent, named, secret_values, texts};
use crate::catalog::{BuildOptions, Catalog, ConfigSource};
use crate::cluster::{Cluster, ConnectOptions, FailureClass, contexts, get_object};
use crate::domain::{Kind, ResourceKey};
use crate::service::ServiceContext;
use crate::settings::{Layers, Settings};
use crate::yaml;
use anyhow::Context as _;
use clap::Args;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Longest text that is read from a file or from standard input, in bytes.
const LONGEST: u64 = 16 << 20;

/// Where the configuration is.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub(super) struct ConfigArgs {
    /// File with the ConfigMap, or - for standard input, instead of the cluster.
    #[arg(long, global = true, value_name = "FILE")]
    config_map: Option<String>,
    /// File with the Secret, - for standard input, or :empty, instead of the cluster.
    #[arg(long, global = true, value_name = "FILE")]
    secret: Option<String>,
}

impl ConfigArgs {
    /// A ConfigMap in a file, and the Secret in one, too, if it is named.
    pub(super) fn of_files(config_map: String, secret: Option<String>) -> Self {
        Self {
            config_map: Some(config_map),
            secret,
        }
    }

    /// The ConfigMap is in a file.
    pub(super) fn has_config_map(&self) -> bool {
        self.config_map.is_some()
    }

    /// The Secret is in a file of its own, or known to be empty.
    pub(super) fn has_secret(&self) -> bool {
        self.secret.is_some()
    }
}

/// Reads what a command works on.
pub(super) struct Inputs {
    connect: ConnectOptions,
    layers: Layers,
    namespace_flag: Option<String>,
    context_namespace: String,
    context: String,
    settings: Settings,
    stdin: Option<String>,
    cluster: Option<Cluster>,
}

impl Inputs {
    /// Prepares: reads our settings, and of the kubeconfig, if there is one, what it says about
    /// names.
    pub(super) fn new(engine: &EngineArgs) -> anyhow::Result<Self> {
        let layers = engine.layers()?;
        let connect = engine.connection.options(true);
        let wanted = connect.context.clone();
        // That there is no kubeconfig matters only when the cluster is asked.
        let known = contexts(&connect).unwrap_or_default();
        let context = known.into_iter().find(|known| match &wanted {
            Some(name) => known.name == *name,
            None => known.current,
        });
        let (context, context_namespace) = match context {
            Some(context) => (context.name, context.namespace),
            None => (wanted.unwrap_or_default(), String::new()),
        };
        Ok(Self {
            settings: layers.for_context(&context)?,
            namespace_flag: engine.connection.namespace.clone(),
            context_namespace,
            connect,
            layers,
            context,
            stdin: None,
            cluster: None,
        })
    }

    /// Our settings for the context.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The context's name; empty when there is none.
    pub(super) fn context(&self) -> &str {
        &self.context
    }

    /// The namespace of ConfigMap and Secret.
    pub(super) fn namespace(&self) -> &str {
        match &self.namespace_flag {
            None if !self.settings.namespace.is_empty() => &self.settings.namespace,
            _ => self.object_namespace(),
        }
    }

    /// The namespace of objects that are named without one.
    pub(super) fn object_namespace(&self) -> &str {
        let names = [
            self.namespace_flag.as_deref(),
            Some(&*self.context_namespace),
        ];
        let mut set = names.into_iter().flatten().filter(|name| !name.is_empty());
        set.next().unwrap_or("default")
    }

    /// The connection, made when it is first needed.
    pub(super) async fn cluster(&mut self) -> anyhow::Result<Cluster> {
        if let Some(cluster) = &self.cluster {
            return Ok(cluster.clone());
        }
        let cluster = Cluster::connect(&self.connect).await?;
        if cluster.context() != self.context {
            self.settings = self.layers.for_context(cluster.context())?;
            cluster.context().clone_into(&mut self.context);
        }
        cluster.namespace().clone_into(&mut self.context_namespace);
        self.cluster = Some(cluster.clone());
        Ok(cluster)
    }

    /// The text of a file; `-` is standard input, which is read once.
    pub(super) fn read(&mut self, path: &str) -> anyhow::Result<String> {
        if path != "-" {
            return read_file(Path::new(path));
        }
        if let Some(text) = &self.stdin {
            return Ok(text.clone());
        }
        let text = read_text(std::io::stdin().lock()).context("standard input can't be read")?;
        self.stdin = Some(text.clone());
        Ok(text)
    }

    /// ConfigMap and Secret. Without `with_secret` a Secret that only the cluster has is left out.
    pub(super) async fn source(
        &mut self,
        args: &ConfigArgs,
        with_secret: bool,
    ) -> anyhow::Result<ConfigSource> {
        let mut source = ConfigSource {
            secret_found: true,
            ..ConfigSource::default()
        };
        let mut map_file = None;
        match &args.config_map {
            Some(path) => {
                let text = self.read(path)?;
                let documents = yaml::parse_all(&text)
                    .with_context(|| format!("file '{path}' can't be read"))?;
                let name = self.settings.config_map.clone();
                let Some(map) = named(&documents, "ConfigMap", &name) else {
                    anyhow::bail!(absent(
                        path,
                        "ConfigMap",
                        &name,
                        &documents,
                        "config-map-name"
                    ));
                };
                source.data = texts(&map["data"]);
                source.found = true;
                map_file = Some(documents);
            }
            None => self.live_config_map(&mut source).await?,
        }
        match (&args.secret, map_file) {
            (Some(path), _) if path == ":empty" => {}
            (Some(path), _) => {
                let text = self.read(path)?;
                let documents = yaml::parse_all(&text)
                    .with_context(|| format!("file '{path}' can't be read"))?;
                let name = self.settings.secret.clone();
                let Some(secret) = named(&documents, "Secret", &name) else {
                    anyhow::bail!(absent(path, "Secret", &name, &documents, "secret-name"));
                };
                source.secret = secret_values(&secret)?;
            }
            (None, file) => {
                let secret = file
                    .as_ref()
                    .and_then(|documents| named(documents, "Secret", &self.settings.secret));
                if let Some(secret) = secret {
                    source.secret = secret_values(&secret)?;
                } else if with_secret && refers_to_secrets(&source) {
                    self.live_secret(&mut source).await?;
                }
            }
        }
        // Names of a file's objects don't matter, as in the original.
        source.name.clone_from(&self.settings.config_map);
        self.namespace().clone_into(&mut source.namespace);
        Ok(source)
    }

    /// The ConfigMap in the cluster.
    pub(super) async fn live_config_map(
        &mut self,
        source: &mut ConfigSource,
    ) -> anyhow::Result<()> {
        let cluster = self.cluster().await?;
        let key = ResourceKey::new(
            core_kind("ConfigMap", "configmaps"),
            self.namespace(),
            self.settings.config_map.as_str(),
        );
        let object = get_object(&cluster, &key).await?;
        let value = object.value().context("the ConfigMap is not valid JSON")?;
        source.resource_version = object.resource_version;
        source.data = texts(&value["data"]);
        source.found = true;
        Ok(())
    }

    /// The Secret in the cluster; one that does not exist, or may not be read, counts as absent.
    pub(super) async fn live_secret(&mut self, source: &mut ConfigSource) -> anyhow::Result<()> {
        let cluster = self.cluster().await?;
        let key = ResourceKey::new(
            core_kind("Secret", "secrets"),
            self.namespace(),
            self.settings.secret.as_str(),
        );
        match get_object(&cluster, &key).await {
            Ok(object) => {
                let value = object.value().context("the Secret is not valid JSON")?;
                source.secret = secret_values(&value)?;
                source.secret_found = true;
                Ok(())
            }
            Err(error) => match error.class() {
                FailureClass::NotFound | FailureClass::Forbidden => {
                    source.secret_found = false;
                    Ok(())
                }
                _ => Err(error.into()),
            },
        }
    }

    /// The configuration of a namespace of its own, with self-service; `None` where there is none.
    pub(super) async fn team_catalog(
        &mut self,
        namespace: &str,
    ) -> anyhow::Result<Option<Catalog>> {
        let own = namespace == self.namespace();
        if !self.settings.self_service || own || namespace.is_empty() {
            return Ok(None);
        }
        let cluster = self.cluster().await?;
        let names = [
            (
                core_kind("ConfigMap", "configmaps"),
                &self.settings.config_map,
            ),
            (core_kind("Secret", "secrets"), &self.settings.secret),
        ];
        let mut source = ConfigSource {
            namespace: namespace.to_owned(),
            name: self.settings.config_map.clone(),
            ..ConfigSource::default()
        };
        for (kind, name) in names {
            let is_map = kind.kind == "ConfigMap";
            let key = ResourceKey::new(kind, namespace, name.as_str());
            let object = match get_object(&cluster, &key).await {
                Ok(object) => object,
                // A Secret that may not be read counts as absent.
                Err(error) if error.class() == FailureClass::NotFound || !is_map => continue,
                Err(error) => return Err(error.into()),
            };
            let value = object.value().context("it is not valid JSON")?;
            if is_map {
                source.resource_version = object.resource_version;
                source.data = texts(&value["data"]);
                source.found = true;
            } else {
                source.secret = secret_values(&value)?;
                source.secret_found = true;
            }
        }
        if !source.found {
            return Ok(None);
        }
        let options = BuildOptions {
            self_service: true,
            ..self.build_options()?
        };
        Ok(Some(Catalog::build(&source, None, &options)))
    }

    /// How a catalog is built here.
    pub(super) fn build_options(&self) -> anyhow::Result<BuildOptions> {
        let mut options = BuildOptions::new(ServiceContext::default(), self.namespace());
        options.expr = expression_options(&self.settings.expr_version)?;
        options.prefix.clone_from(&self.settings.annotation_prefix);
        Ok(options)
    }

    /// The catalog of a source.
    pub(super) fn build(&self, source: &ConfigSource) -> anyhow::Result<Catalog> {
        Ok(Catalog::build(source, None, &self.build_options()?))
    }
}

/// Whether a service takes something from the Secret.
fn refers_to_secrets(source: &ConfigSource) -> bool {
    let services = source
        .data
        .iter()
        .filter(|(key, _)| key.starts_with("service."));
    let mut texts = services.map(|(_, text)| text);
    texts.any(|text| !yaml::secret_names(text).is_empty())
}

/// Reads a file.
fn read_file(path: &Path) -> anyhow::Result<String> {
    std::fs::File::open(path)
        .map_err(anyhow::Error::from)
        .and_then(read_text)
        .with_context(|| format!("file '{}' can't be read", path.display()))
}

fn read_text(from: impl std::io::Read) -> anyhow::Result<String> {
    let mut text = String::new();
    from.take(LONGEST + 1).read_to_string(&mut text)?;
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    anyhow::ensure!(length <= LONGEST, "it is longer than {LONGEST} bytes");
    Ok(text)
}

fn core_kind(kind: &str, plural: &str) -> Arc<Kind> {
    Arc::new(Kind {
        group: String::new(),
        version: "v1".into(),
        kind: kind.into(),
        plural: plural.into(),
        namespaced: true,
    })
}
