using GmailCluster.Errors;
using GmailCluster.Host.Roles;

namespace GmailCluster.Host.Tests.Roles;

public sealed class RedisServerTests
{
    [Theory]
    [InlineData("redis.lab:6379", "redis.lab:6379")]
    [InlineData("redis.lab:6379,password=quiet,ssl=true", "redis.lab:6379")]
    [InlineData("password=quiet,redis.lab:6379", "redis.lab:6379")]
    [InlineData("a:1, b:2 ,password=quiet", "a:1,b:2")]
    [InlineData("redis://user:quiet@redis.lab:6379/0", "redis.lab:6379/0")]
    [InlineData("user:qu@iet@redis.lab:6379", "redis.lab:6379")]
    [InlineData("password=quiet", "(no address)")]
    public void A_message_names_the_servers_alone(string redis, string name) => Assert.Equal(name, RedisServer.Name(redis));

    [Theory]
    [InlineData("redis://user:quiet@redis.lab:6379")]
    [InlineData("redis.lab:6379,ssl=quiet")]
    [InlineData("redis.lab:6379,quiet=quiet")]
    [InlineData("password=quiet")]
    public void What_names_no_Redis_is_refused_without_being_repeated(string redis)
    {
        var refusal = Assert.Throws<InputException>(() => RedisServer.Options(redis));

        Assert.DoesNotContain("quiet", refusal.ToString(), StringComparison.Ordinal);
    }
}
