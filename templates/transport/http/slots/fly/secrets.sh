REQUEST_STATE_SECRET="$(openssl rand -hex 32)" \
