const methods = ['POST'];
