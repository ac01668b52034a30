using GmailCluster.Errors;
using StackExchange.Redis;

namespace GmailCluster.Host.Roles;

/// <summary>The Redis that members meet in.</summary>
public static class RedisServer
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    /// <summary>Options for a membership that outlives outages: connections are made again for as long as it takes.</summary>
    public static ConfigurationOptions Options(string redis)
    {
        try
        {
            var options = ConfigurationOptions.Parse(redis);
            options.AbortOnConnectFail = false;
            options.ConnectTimeout = 5000;
            return options.EndPoints.Count > 0 ? options : throw new ArgumentException("it names no server");
        }
        catch (ArgumentException e)
        {
            throw new InputException("--redis", $"'{redis.Split(',')[0]}' names no Redis: {e.Message}.", "Write HOST:PORT, such as 127.0.0.1:6379.", e);
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
                        $"Redis {redis.Split(',')[0]}", "does not answer.", "Start it, or correct --redis (GMAILCLUSTER_REDIS); a password is written as HOST:PORT,password=...", e);
                }
            }

            await Task.Delay(RetryPause, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
