limiter.close();
