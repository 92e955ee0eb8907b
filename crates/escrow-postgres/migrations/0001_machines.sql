-- Machines as they are now, with what they are found by. Times are milliseconds since 1970.
CREATE TABLE machines (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  status TEXT NOT NULL,
  status_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  order_id TEXT,
  next_deadline BIGINT,
  pending_since BIGINT,
  next_try BIGINT,
  PRIMARY KEY (kind, id)
);
CREATE INDEX machines_due ON machines (kind, next_deadline, id) WHERE next_deadline IS NOT NULL;
CREATE INDEX machines_unanswered ON machines (kind, next_try, id) WHERE next_try IS NOT NULL;
CREATE INDEX machines_by_status ON machines (kind, status, status_at, id);
CREATE INDEX machines_by_order ON machines (kind, order_id, created_at, id) WHERE order_id IS NOT NULL;
CREATE INDEX machines_by_age ON machines (kind, created_at, id);

CREATE TABLE parties (
  kind TEXT NOT NULL,
  party TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (kind, party, created_at, id)
);

-- Append only; gapless from 1 for each machine.
CREATE TABLE journal (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  recorded TEXT NOT NULL,
  PRIMARY KEY (kind, id, version)
);
