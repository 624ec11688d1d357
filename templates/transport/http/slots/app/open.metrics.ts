const metrics = new Metrics(audit, overdue);
