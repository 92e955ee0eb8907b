-- Whether the same is open already.
CREATE INDEX incidents_of_machine ON incidents (kind, id) WHERE closed_at IS NULL;
