-- What is to be told to others: a row for each commit.
CREATE TABLE outbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  from_version INTEGER NOT NULL,
  to_version INTEGER NOT NULL,
  at INTEGER NOT NULL
);

-- What is known of the tries of orders without an answer.
CREATE TABLE attempts (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  number INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (kind, id, number)
) WITHOUT ROWID;

-- What a person has to look into.
CREATE TABLE incidents (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT,
  id TEXT,
  what TEXT NOT NULL,
  detail TEXT NOT NULL,
  closed_at INTEGER
);
CREATE INDEX incidents_open ON incidents (number) WHERE closed_at IS NULL;

-- What clients were answered under their keys.
CREATE TABLE receipts (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  answer TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) WITHOUT ROWID;

-- Who works on what.
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until INTEGER NOT NULL
) WITHOUT ROWID;
