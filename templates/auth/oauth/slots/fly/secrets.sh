OAUTH_ISSUER="https://login.example.com/" \
