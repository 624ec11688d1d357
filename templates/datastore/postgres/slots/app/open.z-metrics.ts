metrics.countPool(store);
