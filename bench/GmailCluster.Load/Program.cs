using System.Diagnostics;
using System.Globalization;
using GmailCluster.Errors;
using GmailCluster.Load;
using GmailCluster.Processes;

// bench/load/run passes the folder of the inputs and the spec first.
LoadOptions options;
try
{
    options = LoadOptions.Parse(args[2..]);
}
catch (InputException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

var (inputs, template) = (args[0], await File.ReadAllTextAsync(args[1]));
var folder = Directory.CreateTempSubdirectory("gmailcluster-load-").FullName;
try
{
    var tokens = new List<string>();
    for (var i = 0; i < options.Clients; i++)
    {
        tokens.Add(await ApiProcess.MakeToken(folder, $"client-{i}"));
    }

    await using var cluster = await SiloCluster.Start(folder, options.Silos);
    using var api = await ApiProcess.Start(cluster, inputs);
    using var meter = new CallMeter();
    var load = new LoadRun(cluster, api.Address, tokens, meter, options);
    var start = Stopwatch.GetTimestamp();
    var specs = Enumerable.Range(0, options.Experiments).Select(number => template.Replace("NUMBER", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
    var problems = await load.Run([.. specs]);

    Console.WriteLine(FormattableString.Invariant(
        $"{options.Experiments} experiments by {options.Clients} clients at once, {options.Watchers} watchers, {options.Silos} silos, {options.Kills} of them killed: {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s"));
    Console.WriteLine(load.Summary);
    Console.WriteLine();
    meter.Print(Console.Out);
    foreach (var problem in problems)
    {
        Console.Error.WriteLine(problem);
    }

    return problems.Count == 0 ? 0 : 1;
}
finally
{
    Directory.Delete(folder, recursive: true);
}
