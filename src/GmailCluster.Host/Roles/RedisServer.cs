using GmailCluster.Errors;
using StackExchange.Redis;

namespace GmailCluster.Host.Roles;

/// <summary>The Redis that members meet in.</summary>
public static class RedisServer
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The servers' addresses, for messages: the rest may hold a password, in any order, and a URL, which is not understood but often
    /// written, holds one before its '@'.
    /// </summary>
    public static string Name(string redis)
    {
        ArgumentNullException.ThrowIfNull(redis);
        var servers = redis.Split(',', StringSplitOptions.TrimEntries).Where(part => part.Length > 0 && !part.Contains('=', StringComparison.Ordinal));
        var name = string.Join(',', servers.Select(server => server[(server.LastIndexOf('@') + 1)..]));
        return name.Length > 0 ? name : "(no address)";
    }

    /// <summary>Options for a membership that outlives outages: connections are made again for as long as it takes.</summary>
    public static ConfigurationOptions Options(string redis)
    {
        ArgumentNullException.ThrowIfNull(redis);
        if (redis.Contains("://", StringComparison.Ordinal))
        {
            throw new InputException("--redis", $"is a URL, of {Name(redis)}.", "Write HOST:PORT,user=...,password=...,ssl=true instead, without what is not needed.");
        }

        try
        {
            var options = ConfigurationOptions.Parse(redis);
            options.AbortOnConnectFail = false;
            options.ConnectTimeout = 5000;
            return options.EndPoints.Count > 0 ? options : throw new ArgumentException("it names no server");
        }
        catch (ArgumentException)
        {
            // Not the library's words: they repeat the value that it did not understand.
            throw new InputException("--redis", $"names no Redis, or has an option that is none; its address is {Name(redis)}.", "Write HOST:PORT, such as 127.0.0.1:6379, and options of StackExchange.Redis after a comma.");
        }
    }

    /// <summary>Waits until Redis answers.</summary>
    /// <param name="redis">As the user wrote it.</param>
    /// <param name="limit">How long.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="GmailClusterException">It does not.</exception>
    public static async Task WaitFor(string redis, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var options = Options(redis);
        options.AbortOnConnectFail = true;
        options.ConnectRetry = 1;
        options.ConnectTimeout = 2000;
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                using var connection = await ConnectionMultiplexer.ConnectAsync(options).WaitAsync(cancellationToken).ConfigureAwait(false);
                await connection.GetDatabase().PingAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is RedisException or RedisTimeoutException)
            {
                if (time.GetElapsedTime(start) + RetryPause >= limit)
                {
                    throw new GmailClusterException(
                        $"Redis {Name(redis)}", "does not answer.", "Start it, or correct --redis (GMAILCLUSTER_REDIS); a password is written as HOST:PORT,password=...", e);
                }
            }

            await Task.Delay(RetryPause, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
