//! The engine as its users have it: the built program on a cluster, with a real receiver. Every
//! story runs on the simulated cluster, and on a real kube-apiserver (`RealCluster`) where there is one.

#[path = "../support/mod.rs"]
mod support;

mod applied;
mod asked;
mod baseline;
mod blast;
mod configuration;
mod crash;
mod delivery;
mod faults;
mod floods;
mod inside;
mod isolation;
mod modes;
mod pod_ready;
mod process;
mod proxy;
mod quiet;
mod replicas;
mod requests;
mod retry;
mod scene;
mod self_service;
mod shards;
mod state;
mod takeover;
mod team_floods;
mod timing;
