//! The `hearth` command.

mod absent;
mod ahead;
mod args;
mod behind;
mod bench;
mod config;
mod convert;
mod doctor;
mod embed;
mod failure;
#[cfg(feature = "download")]
mod fetching;
mod flow;
mod inspect;
mod job;
mod locate;
mod log;
mod models;
mod progress;
mod run;
mod settings;
#[cfg(feature = "sql")]
mod sql;
mod stop;
mod summary;
mod verify;

use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::args::{Args, Verb};
use crate::failure::{Failure, usage};
use crate::settings::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A panic on a worker or in a decoder comes back as an error with its place; the default hook would say it twice.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome =
        catch_unwind(command).unwrap_or_else(|panic| Err(failure::panicked(panic.as_ref())));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(log::json_is_asked());
            failure.code()
        }
    }
}

fn command() -> Result<(), Failure> {
    let typed: Vec<_> = std::env::args_os().collect();
    absent::refuse(&typed)?;
    let matches = Args::command()
        .try_get_matches_from(typed)
        .unwrap_or_else(|error| error.exit());
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let verb_matches = matches.subcommand().map(|(_, matches)| matches);
    match args.verb {
        Verb::Embed(embed) => {
            let settings = Settings::resolve(embed.flags)?;
            embed::embed(&embed.inputs, settings)
        }
        Verb::Run(run) => {
            let settings = Settings::resolve(run.flags)?;
            run::run(&run.pipeline, &run.inputs, settings)
        }
        #[cfg(feature = "sql")]
        Verb::Sql(asked) => sql::sql(*asked),
        Verb::Inspect(asked) => inspect::inspect(&asked, &models::resolve(asked.flags.clone())?),
        Verb::Models { verb } => models::models(verb),
        Verb::Config(flags) => {
            let matches = verb_matches.ok_or_else(|| usage("no verb"))?;
            config::print(*flags, matches)
        }
        Verb::Bench(asked) => bench::bench(*asked),
        Verb::Doctor(flags) => doctor::print(*flags),
        Verb::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Args::command(),
                "hearth",
                &mut std::io::stdout(),
            );
            Ok(())
        }
    }
}
