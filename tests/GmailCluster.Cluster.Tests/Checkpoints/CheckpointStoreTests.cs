using GmailCluster.Cluster.Checkpoints;
using GmailCluster.Data.Storage;
using GmailCluster.Keys;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Storage;
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

    public void Dispose()
    {
        _layout.Dispose();
        Directory.Delete(_folder, recursive: true);
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
