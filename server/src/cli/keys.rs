//! `taproot keys create|list|revoke`

use std::fmt::Write as _;

use clap::{Args, Subcommand, ValueEnum};
use taproot_engine::Accounts;
use taproot_schemas::account::{CreatedKey, Key, KeyKind, KeyList, NewKey, Role};

use super::client::Client;
use super::output::Output;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::instance::{Claim, Instance};

/// Keys asked for at a time; the most that a server gives.
const PAGE: usize = 200;

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a key, and print its secret: this once
    Create(Create),
    /// List keys, the newest first
    List,
    /// Make a key useless, from the next request on
    Revoke {
        /// The key's id
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct Create {
    /// What it is for
    name: String,
    /// What it may do
    #[arg(long, value_enum, default_value = "reader")]
    role: RoleArgument,
    /// Groups whose documents it sees besides those that are open to everybody; * for every document
    #[arg(long, value_name = "GROUP", value_delimiter = ',')]
    groups: Vec<String>,
    /// The only collections that there are for it [default: all]
    #[arg(long, value_name = "COLLECTION", value_delimiter = ',')]
    collections: Vec<String>,
    /// A public key for the widget in pages of these origins
    #[arg(long)]
    widget: bool,
    /// Origins of the pages that may use it, like https://intranet.example.com
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    origins: Vec<String>,
    /// Days after which it ends [default: never]
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u32>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleArgument {
    Reader,
    Editor,
    Admin,
}

impl Keys {
    pub async fn run(self, config: &Config, output: &Output) -> Result<()> {
        let door = Door::open(config, output).await?;
        match self {
            Keys::Create(create) => output.result(&door.create(create.order()).await?, created),
            Keys::List => output.result(&door.list().await?, table),
            Keys::Revoke { id } => output.result(&door.revoke(&id).await?, |key| format!("revoked {}\n", key.name)),
        }
    }
}

impl Create {
    fn order(self) -> NewKey {
        NewKey {
            name: self.name,
            kind: if self.widget { KeyKind::Widget } else { KeyKind::Api },
            role: Some(match self.role {
                RoleArgument::Reader => Role::Reader,
                RoleArgument::Editor => Role::Editor,
                RoleArgument::Admin => Role::Admin,
            }),
            groups: self.groups,
            collections: Some(self.collections).filter(|names| !names.is_empty()),
            origins: self.origins,
            expires_in_days: self.expires_in_days,
        }
    }
}

/// To the keys: the server that owns the data, or the file itself. Neither needs the documents or the models.
enum Door {
    Server(Client),
    File(Accounts),
}

impl Door {
    async fn open(config: &Config, output: &Output) -> Result<Door> {
        match Instance::acquire(&config.data_dir)? {
            Claim::ServedAt(served) => {
                let client = Client::new(served)?;
                client.wait_until_ready(output).await?;
                Ok(Door::Server(client))
            }
            // The keys have a database of their own, which several processes may open.
            Claim::Owned(_) | Claim::Busy { .. } => Ok(Door::File(Accounts::open(&config.data_dir).await?)),
        }
    }

    async fn create(&self, new: NewKey) -> Result<CreatedKey> {
        match self {
            Door::Server(client) => client.post("/v1/keys", &new).await,
            Door::File(accounts) => accounts.create_key(new, "owner").await.map_err(Error::from),
        }
    }

    async fn list(&self) -> Result<KeyList> {
        let mut all = KeyList { keys: Vec::new(), next_cursor: None };
        let mut cursor: Option<String> = None;
        loop {
            let page = match self {
                Door::Server(client) => client.keys(PAGE, cursor.as_deref()).await?,
                Door::File(accounts) => accounts.keys(PAGE, cursor.as_deref()).await?,
            };
            all.keys.extend(page.keys);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    async fn revoke(&self, id: &str) -> Result<Key> {
        match self {
            Door::Server(client) => client.delete(&["v1", "keys", id]).await,
            Door::File(accounts) => accounts.revoke_key(id).await.map_err(Error::from),
        }
    }
}

fn created(created: &CreatedKey) -> String {
    let CreatedKey { key, secret } = created;
    format!("{secret}\n\nThis is the secret of {} ({}), shown only now.\n", key.name, key.id)
}

fn table(list: &KeyList) -> String {
    let mut text = String::new();
    for key in &list.keys {
        let groups = key.groups.as_ref().map_or("*".into(), |groups| groups.join(","));
        let state = match (&key.revoked_at, &key.expires_at) {
            (Some(at), _) => format!("revoked {at}"),
            (None, Some(at)) => format!("until {at}"),
            (None, None) => "valid".into(),
        };
        let role = format!("{:?}", key.role).to_lowercase();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}  {role:6}  {:24}  groups {groups:16}  {}…  {state}", key.id, key.name, key.prefix);
    }
    text
}
