-- Which parties a machine is found by: for checks and rebuilds.
CREATE INDEX parties_by_machine ON parties (kind, id);
