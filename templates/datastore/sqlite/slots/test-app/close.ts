await database.drop();
