//! What the black-box tests share: the clusters that they run on.

pub mod apiserver;
