using System.Text.Json;
using GmailCluster.Data.Storage;
using GmailCluster.Errors;
using GmailCluster.Keys;
using GmailCluster.Learning.Inputs;
using GmailCluster.Stages;
using GmailCluster.Storage;

namespace GmailCluster.Learning.Tests.Inputs;

/// <summary>A model folder goes to the store and comes back on another machine, or is refused by name.</summary>
public sealed class InputFoldersTests : IDisposable
{
    private static readonly string Digest = new('a', 64);

    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-test-").FullName;
    private readonly FolderObjectStore _store;
    private readonly string _model;

    public InputFoldersTests()
    {
        _store = new FolderObjectStore(Path.Combine(_folder, "store"));
        _model = Path.Combine(_folder, "my \"model\"", "clip é");
        Directory.CreateDirectory(Path.Combine(_model, "unet"));
        File.WriteAllText(Path.Combine(_model, "config (copy).json"), "{}");
        File.WriteAllText(Path.Combine(_model, "unet", "weights"), "weights");
        File.WriteAllText(Path.Combine(_model, "weights"), "weights");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_stage_that_names_a_local_folder_finds_its_files_elsewhere_under_the_same_key()
    {
        var sent = await Send();
        var submitted = Assert.Single(InputUpload.Referring([Stage()], Digests()));

        var local = await new InputFolders(_store, Path.Combine(_folder, "cache")).Localize(submitted, Token);

        Assert.Equal(["config (copy).json", "unet/weights"], sent); // the same content under another name is there already
        Assert.DoesNotContain("model", submitted.Settings, StringComparison.Ordinal);
        Assert.Equal(Stage().Key, local.Key);
        var folder = local.SettingsAs<FeatureSettings>().ClipFolder;
        Assert.NotEqual(_model, folder);
        Assert.Equal("{}", await File.ReadAllTextAsync(Path.Combine(folder, "config (copy).json"), Token));
        Assert.Equal("weights", await File.ReadAllTextAsync(Path.Combine(folder, "unet", "weights"), Token));
        Assert.Equal("weights", await File.ReadAllTextAsync(Path.Combine(folder, "weights"), Token));
        Assert.Empty(await Send());
    }

    [Fact]
    public async Task Many_who_ask_at_once_get_one_whole_folder()
    {
        await Send();
        var submitted = Assert.Single(InputUpload.Referring([Stage()], Digests()));
        var cache = Path.Combine(_folder, "cache");

        var stages = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => new InputFolders(_store, cache).Localize(submitted, Token))));

        Assert.Single(stages.Select(stage => stage.Settings).Distinct());
        Assert.Equal([Path.Combine(cache, Digest)], Directory.GetDirectories(cache));
    }

    [Fact]
    public async Task A_file_that_was_altered_in_the_store_is_refused_by_name_and_a_mended_one_taken()
    {
        await Send();
        var manifest = await _store.ReadJson<InputManifest>(InputManifest.ObjectKey(Digest), Token);
        var key = manifest.Files.Single(file => file.Name == "weights").ObjectKey;
        await _store.PutBytes(key, "weightz"u8.ToArray(), PutCondition.Always, Token);
        var folders = new InputFolders(_store, Path.Combine(_folder, "cache"));
        var submitted = Assert.Single(InputUpload.Referring([Stage()], Digests()));

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => folders.Localize(submitted, Token));
        await _store.PutBytes(key, "weights"u8.ToArray(), PutCondition.Always, Token);
        await folders.Localize(submitted, Token);

        Assert.StartsWith($"{_store.Location}: {key}: was truncated or altered", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_that_names_a_file_outside_its_folder_writes_nothing_there()
    {
        await Send();
        var file = (await _store.ReadJson<InputManifest>(InputManifest.ObjectKey(Digest), Token)).Files[0];
        await _store.PutJson(InputManifest.ObjectKey(Digest), new InputManifest(Digest, [file with { Name = "../../escaped" }]), PutCondition.Always, Token);
        var submitted = Assert.Single(InputUpload.Referring([Stage()], Digests()));

        var error = await Assert.ThrowsAsync<GmailClusterException>(() => new InputFolders(_store, Path.Combine(_folder, "a", "b")).Localize(submitted, Token));

        Assert.Contains("'../../escaped', which lies outside its folder", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder, "escaped", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_stage_that_names_only_local_folders_is_left_as_it_is()
    {
        var stage = Stage();

        Assert.Same(stage, await new InputFolders(_store, Path.Combine(_folder, "cache")).Localize(stage, Token));
    }

    private async Task<IReadOnlyList<string>> Send()
    {
        var sent = new List<string>();
        await InputUpload.Send(_store, _model, Digest, file => sent.Add(file.Name), Token);
        return sent;
    }

    private Dictionary<string, string> Digests() => new() { [_model] = Digest };

    private Stage Stage() => new()
    {
        Key = ArtifactKey.Of("features", 1, "spec", "input"),
        Kind = StageKind.Features,
        Title = "features",
        Needs = [],
        Unit = "images",
        Settings = JsonSerializer.Serialize(new FeatureSettings(ArtifactKey.Of("import", 1, "spec", "input"), _model, null, null, false), StageJson.Options),
    };
}
