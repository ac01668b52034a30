using GmailCluster.Cluster.Checkpoints;
using GmailCluster.Data.Storage;
using GmailCluster.Keys;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Randomness;
using GmailCluster.Storage;
using Microsoft.Extensions.Time.Testing;
using static TorchSharp.torch;

namespace GmailCluster.Cluster.Tests.Checkpoints;

public sealed class CheckpointStoreTests : IDisposable
{
    private static readonly ArtifactKey Run = new("0123456789abcdef0123456789abcdef");
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;
    private readonly FlatParameters _layout = FlatParameters.Adopt([("a.weight", nn.Parameter(zeros(3, 2))), ("b", nn.Parameter(zeros(5)))]);

    private IObjectStore Store => new FolderObjectStore(_folder);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_saved_is_loaded_bit_for_bit()
    {
        var checkpoints = new CheckpointStore(Store, Run);
        var saved = At(4);

        await checkpoints.Save(_layout, saved, keep: 2, Token);
        var loaded = await checkpoints.LoadLatest(_layout, Token);

        Assert.Equal(saved.State.Values, loaded!.State.Values);
        Assert.Equal(saved.State.FirstMoment, loaded.State.FirstMoment);
        Assert.Equal(saved.State.SecondMoment, loaded.State.SecondMoment);
        Assert.Equal(saved.State.Losses, loaded.State.Losses);
        Assert.Equal(saved.Seconds, loaded.Seconds);
    }

    [Fact]
    public async Task A_checkpoint_without_its_commit_does_not_exist()
    {
        var checkpoints = new CheckpointStore(Store, Run);
        await checkpoints.Save(_layout, At(2), keep: 2, Token);
        await checkpoints.Save(_layout, At(4), keep: 2, Token);
        await Store.Delete($"runs/{Run}/checkpoints/step-000004/COMMIT", null, Token);

        Assert.Equal(2, (await checkpoints.LoadLatest(_layout, Token))!.State.Losses.Count);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("state.json")]
    public async Task An_altered_file_is_named_and_the_checkpoint_before_is_taken(string file)
    {
        var checkpoints = new CheckpointStore(Store, Run);
        await checkpoints.Save(_layout, At(2), keep: 2, Token);
        await checkpoints.Save(_layout, At(4), keep: 2, Token);
        var key = $"runs/{Run}/checkpoints/step-000004/{file}";
        var bytes = await Store.ReadAllBytes(key, Token);
        bytes[^1] ^= 1;
        await Store.PutBytes(key, bytes, PutCondition.Always, Token);

        var loaded = await checkpoints.LoadLatest(_layout, Token);

        Assert.Equal(2, loaded!.State.Losses.Count);
        Assert.Contains(key, Assert.Single(checkpoints.Skipped), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_newest_are_kept_and_a_finished_run_keeps_none()
    {
        var checkpoints = new CheckpointStore(Store, Run);
        foreach (var step in new[] { 2, 4, 6 })
        {
            await checkpoints.Save(_layout, At(step), keep: 2, Token);
        }

        Assert.Equal(["step-000004", "step-000006"], await Folders());
        await checkpoints.Clear(Token);
        Assert.Empty(await Folders());
    }

    [Fact]
    public async Task Whatever_is_cut_or_altered_the_one_before_is_loaded_and_the_damage_is_named()
    {
        var checkpoints = new CheckpointStore(Store, Run);
        await checkpoints.Save(_layout, At(2), keep: 2, Token);
        await checkpoints.Save(_layout, At(4), keep: 2, Token);
        var random = CounterRandom.For(20261125, "checkpoint-fuzz");
        foreach (var file in new[] { "model.safetensors", "optimizer.safetensors", "state.json", "COMMIT" })
        {
            var key = $"runs/{Run}/checkpoints/step-000004/{file}";
            var whole = await Store.ReadAllBytes(key, Token);
            for (var i = 0; i < 60; i++)
            {
                var damaged = Damage(whole, ref random);
                await Store.PutBytes(key, damaged, PutCondition.Always, Token);

                var loaded = await checkpoints.LoadLatest(_layout, Token);

                Assert.Equal(At(2).State.Values, loaded!.State.Values);
                Assert.Equal(At(2).State.Losses, loaded.State.Losses);
                Assert.Contains("step-000004", Assert.Single(checkpoints.Skipped), StringComparison.Ordinal);
            }

            await Store.PutBytes(key, whole, PutCondition.Always, Token);
        }

        Assert.Equal(4, (await checkpoints.LoadLatest(_layout, Token))!.State.Losses.Count);
        Assert.Empty(checkpoints.Skipped);
    }

    [Fact]
    public async Task A_writer_whose_plan_is_over_commits_nothing_and_leaves_the_newer_one_alone()
    {
        var checkpoints = new CheckpointStore(Store, Run);
        var running = 2L;
        CheckpointFence Of(long number) => new(number, _ => Task.FromResult(running == number));
        Assert.True(await checkpoints.Save(_layout, At(4), keep: 2, Of(2), Token));

        Assert.False(await checkpoints.Save(_layout, At(4), keep: 2, Of(1), Token));
        Assert.False(await checkpoints.Save(_layout, At(6), keep: 2, Of(1), Token));

        Assert.Equal(["step-000004-g000002"], await Folders());
        Assert.Equal(4, (await checkpoints.LoadLatest(_layout, Token))!.State.Losses.Count);
        Assert.Equal(4, await checkpoints.FindNewestStep(Token));
    }

    [Fact]
    public async Task What_a_killed_writer_left_is_removed_by_the_next_one()
    {
        var checkpoints = new CheckpointStore(Store, Run);
        await Store.PutBytes($"runs/{Run}/checkpoints/step-000002-g000001/model.safetensors", new byte[10], PutCondition.Always, Token);

        await checkpoints.Save(_layout, At(4), keep: 1, Token);

        Assert.Equal(["step-000004"], await Folders());
    }

    [Fact]
    public async Task A_checkpoint_that_is_being_read_is_not_removed()
    {
        var slow = new PausedStore(Store, "step-000002/optimizer.safetensors");
        await new CheckpointStore(Store, Run).Save(_layout, At(2), keep: 1, Token);
        var reading = new CheckpointStore(slow, Run).LoadLatest(_layout, Token);
        await slow.Reached.WaitAsync(TimeSpan.FromSeconds(30), Token);

        await new CheckpointStore(Store, Run).Save(_layout, At(4), keep: 1, Token); // would remove it
        slow.Continue();

        Assert.Equal(At(2).State.SecondMoment, (await reading)!.State.SecondMoment);
        await new CheckpointStore(Store, Run).Save(_layout, At(6), keep: 1, Token);
        Assert.Equal(["step-000006"], await Folders()); // read no longer, so removed with the next
    }

    [Fact]
    public async Task The_mark_of_a_reader_that_died_is_in_the_way_for_an_hour()
    {
        await new CheckpointStore(Store, Run).Save(_layout, At(2), keep: 1, Token);
        await Store.PutBytes($"runs/{Run}/checkpoints/step-000002/READER-dead", "reads"u8.ToArray(), PutCondition.Always, Token);

        await new CheckpointStore(Store, Run).Save(_layout, At(4), keep: 1, Token);
        Assert.Equal(["step-000002", "step-000004"], await Folders());
        var later = new FakeTimeProvider(TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(61));
        await new CheckpointStore(Store, Run, later).Save(_layout, At(6), keep: 1, Token);
        Assert.Equal(["step-000006"], await Folders());
    }

    public void Dispose()
    {
        _layout.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // Cut short, one bit turned, a byte of white space in place of another, or bytes at the end.
    private static byte[] Damage(byte[] whole, ref CounterRandom random)
    {
        var at = random.Next(whole.Length);
        var damaged = whole.ToArray();
        switch (random.Next(4))
        {
            case 0:
                return whole[..at];
            case 1:
                return [.. whole, (byte)random.Next(256)];
            case 2 when damaged[at] is (byte)' ' or (byte)'\n':
                damaged[at] = (byte)'\t';
                return damaged;
            default:
                damaged[at] ^= (byte)(1 << random.Next(8));
                return damaged;
        }
    }

    private Checkpoint At(int step)
    {
        float[] Values(float start)
        {
            var flat = new float[_layout.Length];
            foreach (var slice in _layout.Slices)
            {
                for (var i = 0; i < slice.Count; i++)
                {
                    flat[slice.Offset + i] = start + (i * 0.1f) + step;
                }
            }

            return flat;
        }

        return new Checkpoint(new TrainingState([.. Enumerable.Range(0, step).Select(i => 1.0 / (i + 3))], Values(1), Values(2), Values(3)), 1.25 * step);
    }

    private async Task<IReadOnlyList<string>> Folders()
    {
        var folders = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var item in Store.List($"runs/{Run}/checkpoints/", Token))
        {
            folders.Add(item.Key.Split('/')[3]);
        }

        return [.. folders];
    }
}
