//! End to end: manifests applied with kubectl to a real API server, a real
//! operator process under its generated rights, signed requests over a socket to
//! the simulator. The names of the tests are the promises.

mod assumptions;
mod away;
mod between;
mod cli;
mod cloud_words;
mod command;
mod costs;
mod decisions;
mod deleted;
mod dispatch;
mod endings;
mod examples;
mod expiry;
mod explain;
mod fixtures_of_f7ba42e;
mod fixtures_of_this_version;
mod hostile;
mod hostile_text;
mod keys;
mod kills;
mod ledger_rights;
mod ledgers;
mod limits;
mod load;
mod money;
mod mutants;
mod observation_kills;
mod observations;
mod observers;
mod older_and_newer;
mod on_time;
mod operator;
mod order_holds;
mod order_kills;
mod order_refusals;
mod order_replicas;
mod order_truth;
mod order_why;
mod ordering;
mod orders;
mod other_truth;
mod overdue;
mod pauses;
mod proxies;
mod readings;
mod reasons;
mod refresh_details;
mod refresh_kills;
mod refresh_reverts;
mod refreshes;
mod replays;
mod replicas;
mod reservation_answers;
mod reservation_cancels;
mod reservation_clocks;
mod reservation_kills;
mod reservations;
mod resize_truth;
mod restored;
mod resume_kills;
mod reverts;
mod robust;
mod rolled_back;
mod secrets;
mod standings;
mod storm;
mod support;
mod teams;
mod tenants;
mod terminal;
mod told;
mod truth;
mod watches;
mod weather;
mod why;
mod windows;

fn readings() -> errand_simulator::Readings {
    readings::chosen()
}
