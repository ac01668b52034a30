using GmailCluster.Memory;

// usage: SPEC [STEPS]; see bench/memory/measure.
return await MemoryBench.Run(args[0], args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 2000);
