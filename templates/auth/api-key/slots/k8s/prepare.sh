key=$(openssl rand -hex 32) && echo "$key"   # for your first client
