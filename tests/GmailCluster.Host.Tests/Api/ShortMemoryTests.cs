using GmailCluster.Host.Api;

namespace GmailCluster.Host.Tests.Api;

public sealed class ShortMemoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_hundred_who_ask_at_once_are_one_question()
    {
        var memory = new ShortMemory<int>(TimeSpan.FromMinutes(1), TimeProvider.System);
        var asked = 0;
        var answer = new TaskCompletionSource<int>();

        var waiting = Enumerable.Range(0, 100).Select(_ => memory.Get("q", Ask, Token)).ToArray();
        answer.SetResult(7);

        Assert.All(await Task.WhenAll(waiting), seen => Assert.Equal(7, seen));
        Assert.Equal(1, asked);

        Task<int> Ask()
        {
            asked++;
            return answer.Task;
        }
    }

    [Fact]
    public async Task A_failure_is_told_and_not_kept()
    {
        var memory = new ShortMemory<int>(TimeSpan.FromMinutes(1), TimeProvider.System);

        await Assert.ThrowsAsync<InvalidOperationException>(() => memory.Get("q", () => Task.FromException<int>(new InvalidOperationException()), Token));

        Assert.Equal(1, await memory.Get("q", () => Task.FromResult(1), Token));
    }

    [Fact]
    public async Task What_is_true_no_more_is_asked_anew_even_while_it_is_fresh()
    {
        var memory = new ShortMemory<string>(TimeSpan.FromMinutes(1), TimeProvider.System);
        Assert.Equal("running", await memory.Get("q", () => Task.FromResult("running"), Token));
        Assert.Equal("running", await memory.Get("q", () => Task.FromResult("cancelled"), Token));

        memory.Forget("q");

        Assert.Equal("cancelled", await memory.Get("q", () => Task.FromResult("cancelled"), Token));
    }

    [Fact]
    public async Task One_who_gives_up_leaves_the_answer_to_the_others()
    {
        var memory = new ShortMemory<int>(TimeSpan.FromMinutes(1), TimeProvider.System);
        using var impatient = new CancellationTokenSource();
        var answer = new TaskCompletionSource<int>();

        var first = memory.Get("q", () => answer.Task, impatient.Token);
        var second = memory.Get("q", () => Task.FromResult(-1), Token);
        await impatient.CancelAsync();
        answer.SetResult(7);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal(7, await second);
    }
}
