using System.Diagnostics;
using GmailCluster.Chaos;
using GmailCluster.Errors;
using GmailCluster.Processes;

// bench/chaos/run passes the usual spec first.
ChaosOptions options;
try
{
    options = ChaosOptions.Parse(args[1..], args[0]);
}
catch (InputException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

using var log = new ChaosLog(options.Log);
using var calm = new PassFolder();
var start = Stopwatch.GetTimestamp();
var run = await CommandProcess.Run(calm.Path, "run", options.Spec, "--store", "store");
if (run.ExitCode != 0)
{
    Console.Error.WriteLine($"The calm run ended with exit code {run.ExitCode}:\n{run.Error}");
    return 1;
}

var expected = await Trained.Hashes(calm.Path, options.Spec);
log.Write(new { Event = "calm", Stopwatch.GetElapsedTime(start).TotalSeconds, Files = expected });
Console.Error.WriteLine(FormattableString.Invariant($"calm run: {expected.Count} files, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s"));

var passes = new List<PassResult>();
while (passes.Sum(pass => pass.Kills) < options.Kills)
{
    var silos = options.Silos[passes.Count % options.Silos.Count];
    using var folder = new PassFolder();
    var pass = new ChaosPass(passes.Count, silos, options.Kills - passes.Sum(earlier => earlier.Kills), options, folder.Path, log);
    var result = await pass.Run(expected);
    passes.Add(result);
    log.Write(new { Event = "pass", Result = result });
    Console.Error.WriteLine(FormattableString.Invariant(
        $"pass {result.Pass}: {silos} silos, {result.Seconds:0} s, {result.Kills} kills, {result.Hangs} hangs, {result.Drains} drains, {result.Joins} joins, {(result.Problems.Count == 0 ? "equal" : string.Join("; ", result.Problems))}"));
}

Console.WriteLine($"Seed {options.Seed}, a strike every {options.Every.TotalSeconds} s, {expected.Count} files compared a pass, log {options.Log}");
Console.WriteLine();
ChaosTables.Print(passes, Console.Out);
return passes.All(pass => pass.Problems.Count == 0) ? 0 : 1;
