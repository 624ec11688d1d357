...(await openTestDatabase()),
