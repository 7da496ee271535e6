//! The engine as its users have it: the built program on a cluster, with a real receiver. Every
//! story runs on the simulated cluster, and on a real kube-apiserver (`RealCluster`) where there is one.

#[path = "../support/mod.rs"]
mod support;

mod asked;
mod configuration;
mod crash;
mod delivery;
mod floods;
mod inside;
mod isolation;
mod modes;
mod pod_ready;
mod process;
mod quiet;
mod retry;
mod scene;
mod self_service;
mod state;
mod timing;
