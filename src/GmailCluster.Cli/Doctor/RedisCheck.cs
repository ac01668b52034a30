using System.Globalization;
using GmailCluster.Host.Roles;
using StackExchange.Redis;

namespace GmailCluster.Cli.Doctor;

/// <summary>Whether silos can meet in a Redis: it answers, takes writes, and does not throw keys away.</summary>
internal static class RedisCheck
{
    private static readonly TimeSpan SlowestAnswer = TimeSpan.FromSeconds(0.25);

    /// <summary>Tries it with a key that expires by itself.</summary>
    /// <param name="redis"><c>HOST:PORT</c>, with options after a comma.</param>
    /// <param name="time">The clock.</param>
    public static async Task<Finding> Run(string redis, TimeProvider time)
    {
        var name = RedisServer.Name(redis);
        try
        {
            var options = RedisServer.Options(redis);
            options.AbortOnConnectFail = true;
            options.ConnectRetry = 1;
            options.AllowAdmin = true; // the library's word for asking INFO
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
            var database = connection.GetDatabase();
            var start = time.GetTimestamp();
            await database.StringSetAsync($"gmailcluster:doctor:{Guid.NewGuid():n}", "x", TimeSpan.FromSeconds(5));
            var elapsed = time.GetElapsedTime(start);
            var seen = string.Create(CultureInfo.InvariantCulture, $"{name} answers in {elapsed.TotalMilliseconds:0.#} ms");
            if (elapsed > SlowestAnswer)
            {
                return new Finding("Redis", $"{seen}.", "Membership votes wait for it: keep it in the silos' region, with a processor of its own.");
            }

            return await Policy(connection) is { } policy && policy != "noeviction"
                ? new Finding("Redis", $"{seen}, and evicts keys when memory is short ({policy}).", "Set maxmemory-policy noeviction: an evicted membership table breaks the cluster apart.")
                : new Finding("Redis", seen);
        }
        catch (RedisConnectionException e)
        {
            return new Finding("Redis", $"{name} does not answer ({e.FailureType}).", "Start it, or correct --redis; a password is written as HOST:PORT,password=..., TLS as HOST:PORT,ssl=true.");
        }
        catch (RedisServerException e)
        {
            return new Finding("Redis", $"{name} refuses: {e.Message.TrimEnd('.')}.", "Give the user the right to read and write all keys, and name the primary, not a replica.");
        }
        catch (RedisTimeoutException)
        {
            return new Finding("Redis", $"{name} does not answer in time.", "Look at its load and the network between here and there.");
        }
    }

    // Null where the server keeps its configuration to itself, as managed ones do.
    private static async Task<string?> Policy(ConnectionMultiplexer connection)
    {
        try
        {
            var server = connection.GetServers().First(server => server is { IsConnected: true, IsReplica: false });
            var memory = await server.InfoAsync("memory");
            return memory.SelectMany(section => section).FirstOrDefault(entry => entry.Key == "maxmemory_policy").Value;
        }
        catch (RedisServerException)
        {
            return null;
        }
    }
}
