span.end(outcome);
