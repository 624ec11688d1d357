redis?.close();
