await store.close();
