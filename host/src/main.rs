//! Starts the desk.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program tells where it is")]

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use escrow_desk::store::Person;
use escrow_desk::{Config, Desk, bank, demo, router, worker};
use tokio::net::TcpListener;

type Any = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let config = match Config::from_args(std::env::args().skip(1)) {
        Ok(Some(config)) => config,
        Ok(None) => {
            println!("{}", escrow_desk::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut config: Config) -> Result<(), Any> {
    config.database = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty());
    if config.is_worker {
        worker::run(Desk::connect(config).await?).await;
        return Ok(());
    }
    let listener = TcpListener::bind(("127.0.0.1", config.port))
        .await
        .map_err(|error| format!("port {}: {error}; another one with --port", config.port))?;
    let address = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
    let url = config.url.get_or_insert(address.clone()).clone();
    let (demo, arbiter, data) = (config.demo, config.arbiter.clone(), config.data.clone());
    let desk = Desk::connect(config).await?;

    let staff = Person { id: arbiter.parse()?, staff: true };
    desk.store.add_person(&staff, desk.now()).map_err(told)?;
    let mut links = vec![("operator", staff.id.clone())];
    if demo {
        demo::fill(&desk).await.map_err(told)?;
        links = vec![("buyer", "anna".parse()?), ("seller", "boris".parse()?), ("operator", staff.id)];
    }
    bank::hear(&desk).await.map_err(told)?;
    let mut told_all = format!("\nEscrow desk: {url}    (files in {})\n\n", data.display());
    told_all.push_str("Sign in, in one browser or in several:\n");
    for (role, id) in links {
        let path = desk.sign_in_path(&id).map_err(told)?;
        writeln!(told_all, "  {role:<9}{id:<7}{url}{path}")?;
    }
    let how = if demo { "for a day" } else { "once, within a day" };
    writeln!(told_all, "\nThe links work {how}; starting again prints new ones. Ctrl-C stops.")?;
    // who has stopped reading misses the links, and nothing else
    let _unread = std::io::stdout().write_all(told_all.as_bytes());

    let work = tokio::spawn(worker::run(desk.clone()));
    let service = router(desk).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async {
            // where there is no such signal, the process is killed, which it survives
            let _signal = tokio::signal::ctrl_c().await;
        })
        .await?;
    work.abort();
    Ok(())
}

fn told(failure: escrow_desk::Failure) -> Any {
    failure.to_string().into()
}
