// The command line is registered here, one file a verb.
return 0;
