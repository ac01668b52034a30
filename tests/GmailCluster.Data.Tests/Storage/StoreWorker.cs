using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using GmailCluster.Data.Storage;
using GmailCluster.Storage;

namespace GmailCluster.Data.Tests.Storage;

/// <summary>
/// This test assembly started again as another process that works on a store: an environment variable names the store, and
/// the module's initialiser runs before the test runner would.
/// </summary>
internal static class StoreWorker
{
    private const string Variable = "GMAILCLUSTER_TEST_STORE_WORKER";

    /// <summary>Starts a process that takes part in the race for <c>race</c> and increments <c>counter</c>.</summary>
    public static Process Start(string location, int increments, string? connectionString)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(StoreWorker).Assembly.Location);
        }

        start.Environment[Variable] = string.Create(CultureInfo.InvariantCulture, $"{increments}:{location}");
        start.Environment["AZURE_STORAGE_CONNECTION_STRING"] = connectionString ?? "";
        return Process.Start(start)!;
    }

#pragma warning disable CA2255 // an executable's own start is what a module initialiser may touch
    [ModuleInitializer]
    internal static void RunIfAsked()
#pragma warning restore CA2255
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { } work)
        {
            return;
        }

        var parts = work.Split(':', 2);
        Run(parts[1], int.Parse(parts[0], CultureInfo.InvariantCulture));
        Environment.Exit(0);
    }

    // Without await: other threads may not enter this module before its initialiser has ended, so no continuation may lie in it.
    private static void Run(string location, int increments)
    {
        var store = ObjectStores.Open(location);
        var won = store.PutBytes("race", BitConverter.GetBytes(Environment.ProcessId), PutCondition.WhenAbsent).GetAwaiter().GetResult();
        for (var done = 0; done < increments;)
        {
            var (value, etag) = store.TryReadJson<int>("counter").GetAwaiter().GetResult()!.Value;
            var put = store.PutJson("counter", value + 1, PutCondition.WhenMatches(etag)).GetAwaiter().GetResult();
            done += put.Written ? 1 : 0;
        }

        Console.Out.Write(won.Written ? "won" : "lost");
    }
}
