DATABASE_URL="postgres://user:password@host:5432/database" \
