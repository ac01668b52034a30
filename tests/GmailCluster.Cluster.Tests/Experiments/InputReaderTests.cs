using GmailCluster.Specs;

namespace GmailCluster.Cluster.Experiments;

public sealed class InputReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-inputs-").FullName;

    public InputReaderTests()
    {
        Write("clip/config.json", "{}");
        Write("table.csv", "id,image,caption,split\n1,a.png,a cat,train\n2,b.png,a dog,train\n3,c.png,a fox,test\n");
        foreach (var name in new[] { "a", "b", "c" })
        {
            Write($"pictures/{name}.png", $"picture {name}");
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_picture_beside_a_table_belongs_to_the_content()
    {
        var before = await Digest();

        Write("pictures/b.png", "another picture");

        Assert.NotEqual(before, await Digest());
    }

    [Fact]
    public async Task A_picture_that_the_table_does_not_name_does_not()
    {
        var before = await Digest();

        Write("pictures/unnamed.png", "another picture");

        Assert.Equal(before, await Digest());
    }

    [Fact]
    public async Task Where_the_pictures_are_does_not_count()
    {
        var before = await Digest();

        Directory.Move(Path.Combine(_folder, "pictures"), Path.Combine(_folder, "elsewhere"));

        Assert.Equal(before, await Digest("elsewhere"));
    }

    [Fact]
    public async Task Two_splits_of_one_table_are_counted_apart()
    {
        var spec = Spec("pictures");

        var facts = await InputReader.Read(spec, new Dictionary<string, string>(), Token);

        Assert.Equal(2, facts.Datasets[spec.Spec.Data.Train].Pictures);
        Assert.Equal(1, facts.Datasets[spec.Spec.Data.Tests[0]].Pictures);
    }

    private async Task<string> Digest(string images = "pictures")
    {
        var spec = Spec(images);
        var facts = await InputReader.Read(spec, new Dictionary<string, string>(), Token);
        return facts.Datasets[spec.Spec.Data.Train].Digest;
    }

    private LoadedSpec Spec(string images)
    {
        var spec = new ExperimentSpec
        {
            Name = "inputs",
            Models = new ModelsSpec { Clip = "clip" },
            Data = new DataSpec
            {
                Train = new DatasetSpec { Path = "table.csv", Images = images, Split = "train" },
                Tests = [new TestSetSpec { Name = "test", Path = "table.csv", Images = images, Split = "test" }],
            },
        };
        return new LoadedSpec(spec, "spec.yaml", _folder, "");
    }

    private void Write(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
