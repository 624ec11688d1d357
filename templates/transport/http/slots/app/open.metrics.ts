const metrics = new Metrics(audit);
