const changes = new Changes();
