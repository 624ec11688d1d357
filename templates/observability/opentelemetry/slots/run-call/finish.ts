span?.end(outcome);
