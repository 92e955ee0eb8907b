-- What is to be told to others: a row for each commit.
CREATE TABLE outbox (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  from_version BIGINT NOT NULL,
  to_version BIGINT NOT NULL,
  at BIGINT NOT NULL
);

-- What is known of the tries of orders without an answer.
CREATE TABLE attempts (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  number BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (kind, id, number)
);

-- What a person has to look into.
CREATE TABLE incidents (
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at BIGINT NOT NULL,
  kind TEXT,
  id TEXT,
  what TEXT NOT NULL,
  detail TEXT NOT NULL,
  closed_at BIGINT
);
CREATE INDEX incidents_open ON incidents (number) WHERE closed_at IS NULL;

-- What clients were answered under their keys.
CREATE TABLE receipts (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  answer TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (scope, key)
);

-- Who works on what.
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until BIGINT NOT NULL
);
