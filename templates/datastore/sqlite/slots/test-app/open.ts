const database = await openTestDatabase();
