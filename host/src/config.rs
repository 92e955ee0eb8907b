//! What the command line says.

use std::path::PathBuf;

/// How the desk runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// On which port of 127.0.0.1 it listens; 0: any that is free.
    pub port: u16,
    /// Where its files are.
    pub data: PathBuf,
    /// The address under which browsers reach it, without a slash at the end; behind a proxy, the proxy's.
    pub url: Option<String>,
    /// Whether it fills itself with living examples.
    pub demo: bool,
    /// Who arbitrates deals that are made from templates.
    pub arbiter: String,
    /// What the platform takes of the price, in parts per million.
    pub fee_ppm: u32,
    /// Of so many of a thousand orders the sandbox bank loses the first answer: to see what waits, and that it is done once.
    pub bank_loses: u64,
    /// The address of a PostgreSQL database in which the deals are; otherwise they are in a file.
    pub database: Option<String>,
    /// Whether it serves nobody, and only does what is to be done without anybody asking.
    pub is_worker: bool,
    /// How many requests one client may make in a minute.
    pub requests_per_minute: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 8080,
            data: "desk-data".into(),
            url: None,
            demo: false,
            arbiter: "olga".to_owned(),
            fee_ppm: 50_000,
            bank_loses: 0,
            database: None,
            is_worker: false,
            requests_per_minute: 600,
        }
    }
}

/// What is printed for `--help`.
pub const USAGE: &str = "escrow-desk: a safe-deal service on 127.0.0.1

  --port N       where it listens (8080; 0: any free port)
  --data DIR     where its files are (desk-data)
  --url URL      under which address browsers reach it, if not http://127.0.0.1:PORT
  --demo         fill it with people and living examples
  --arbiter ID   who arbitrates deals from templates, and signs in as staff (olga)
  --fee-ppm N    what the platform takes of a price, in parts per million (50000 is 5 %)
  --bank-loses N of so many of a thousand orders the sandbox bank loses the first answer (0)
  --rate N       requests per client and minute (600)
  --worker       serve nobody: a further process that does what is due

DATABASE_URL=postgres://USER:PASSWORD@HOST/DATABASE keeps the deals in PostgreSQL; without it they are in a file
";

impl Config {
    /// Reads the arguments behind the program's name. `Ok(None)`: help was asked for.
    ///
    /// # Errors
    /// What is wrong with them, for a person to read.
    pub fn from_args(args: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let mut config = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--help" | "-h" => return Ok(None),
                "--demo" => config.demo = true,
                "--worker" => config.is_worker = true,
                "--port" => config.port = number(&arg, &value()?)?,
                "--data" => config.data = value()?.into(),
                "--url" => config.url = Some(value()?.trim_end_matches('/').to_owned()),
                "--arbiter" => config.arbiter = value()?,
                "--fee-ppm" => config.fee_ppm = number(&arg, &value()?)?,
                "--bank-loses" => config.bank_loses = number(&arg, &value()?)?,
                "--rate" => config.requests_per_minute = number(&arg, &value()?)?,
                _ => return Err(format!("{arg} is not known; --help shows what is")),
            }
        }
        Ok(Some(config))
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{name}: {text:?} is no number that fits"))
}
