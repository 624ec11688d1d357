builds.close();
clearTimeout(timer);
timer = undefined;
endServer(signal);
