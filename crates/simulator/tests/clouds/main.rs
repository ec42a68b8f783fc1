//! The simulated clouds over the socket, as a client meets them. One program, since
//! linking one for each module takes longer than all of these tests.

mod admin;
mod bss;
mod clouddc;
mod clouddc_list;
mod dcs;
mod faults;
mod gateway;
mod interop;
mod metadata;
mod sdk_replay;
mod sdk_requests;
mod support;
mod tencent;
mod tencent_gateway;
mod tencent_reads;
mod volcengine;
mod volcengine_gateway;
mod workspace;
mod workspace_reads;
