DATABASE_URL: 'postgres://app:app@127.0.0.1:5432/app',
