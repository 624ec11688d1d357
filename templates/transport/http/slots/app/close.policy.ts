policy.close();
