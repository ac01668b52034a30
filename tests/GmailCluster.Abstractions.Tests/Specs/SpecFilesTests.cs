using GmailCluster.Specs;

namespace GmailCluster.Tests.Specs;

public sealed class SpecFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-files-").FullName;

    public SpecFilesTests()
    {
        Write("coco.yaml", SpecText.Valid);
        Model("clip", "clip");
        Model("gpt2", "gpt2");
        Write("sd/model_index.json", "{}");
        Write("sd/scheduler/scheduler_config.json", "{}");
        Write("sd/tokenizer/tokenizer.json", "{}");
        foreach (var part in new[] { "unet", "vae", "text_encoder" })
        {
            Write($"sd/{part}/config.json", "{}");
            Write($"sd/{part}/model.safetensors", "x");
        }

        Write("train.tar", "x");
        Write("novel.tar", "x");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_spec_whose_files_are_there_is_valid() => Assert.Equal("coco", SpecReader.Read(Path.Combine(_folder, "coco.yaml")).Spec.Name);

    [Fact]
    public void Everything_missing_is_told_together_with_the_other_problems()
    {
        File.Delete(Path.Combine(_folder, "train.tar"));
        Directory.Delete(Path.Combine(_folder, "sd"), recursive: true);
        File.AppendAllText(Path.Combine(_folder, "coco.yaml"), "\nworld_size: 0");

        Assert.Equal(
            [
                $":4: models.diffusion is 'sd', which is not there ({_folder}/sd). Paths are relative to the spec file: correct it, or put the folder there.",
                $":8: data.train.path is 'train.tar', which is not there ({_folder}/train.tar). Paths are relative to the spec file: correct it, or put the file there.",
                ":16: world_size is 0, outside 1..4096. Set a value such as 4.",
            ],
            Problems());
    }

    [Fact]
    public void A_model_of_another_family_is_refused()
    {
        Model("gpt2", "llama");

        Assert.Equal(":5: models.language_model is 'gpt2', whose config.json has model_type 'llama', not 'gpt2'. Name a folder with a gpt2 model.", Assert.Single(Problems()));
    }

    [Theory]
    [InlineData("[]", "has model_type missing, not 'clip'")]
    [InlineData("{", "cannot be read")]
    public void A_broken_config_is_refused(string config, string problem)
    {
        Write("clip/config.json", config);

        Assert.Contains(problem, Assert.Single(Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void Pickled_weights_are_refused_with_the_way_to_convert_them()
    {
        File.Move(Path.Combine(_folder, "clip/model.safetensors"), Path.Combine(_folder, "clip/pytorch_model.bin"));

        Assert.Equal(
            ":3: models.clip is 'clip', whose only weights are in pytorch_model.bin, a pickle, which is never opened. "
            + "Convert them in Python: from_pretrained(...), then save_pretrained(..., safe_serialization=True).",
            Assert.Single(Problems()));
    }

    [Theory]
    [InlineData("clip/config.json", "models.clip is 'clip', which has no config.json.")]
    [InlineData("clip/tokenizer.json", "models.clip is 'clip', which has no tokenizer.")]
    [InlineData("sd/model_index.json", "models.diffusion is 'sd', which has no model_index.json.")]
    [InlineData("sd/vae/config.json", "models.diffusion is 'sd', which has no vae/config.json.")]
    [InlineData("sd/unet/model.safetensors", "models.diffusion is 'sd/unet', which has no .safetensors weights.")]
    [InlineData("sd/tokenizer/tokenizer.json", "models.diffusion is 'sd', which has no tokenizer.")]
    public void A_folder_that_lacks_a_part_is_refused(string part, string problem)
    {
        File.Delete(Path.Combine(_folder, part));

        Assert.Contains(problem, Assert.Single(Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_for_a_folder_and_a_folder_for_a_file_are_refused()
    {
        Write("coco.yaml", SpecText.Valid.Replace("clip: clip", "clip: clip/config.json", StringComparison.Ordinal).Replace("      path: novel.tar", "      path: clip\n      format: csv", StringComparison.Ordinal));

        Assert.Equal(
            [
                ":3: models.clip is 'clip/config.json', a file where a folder is needed. Name the folder it lies in, such as 'clip'.",
                ":11: data.tests[0].path is 'clip', a folder, and csv is one file. Name the file.",
            ],
            Problems());
    }

    [Fact]
    public void Empty_data_is_refused()
    {
        Write("train.tar", "");
        Directory.CreateDirectory(Path.Combine(_folder, "none"));
        Write("coco.yaml", SpecText.With("path: novel.tar", "path: none"));

        Assert.Equal(
            [
                ":8: data.train.path is 'train.tar', an empty file. Copy it again.",
                ":11: data.tests[0].path is 'none', an empty folder. Name a folder with pictures or tars.",
            ],
            Problems());
    }

    private string[] Problems()
    {
        var path = Path.Combine(_folder, "coco.yaml");
        var e = Assert.Throws<SpecException>(() => SpecReader.Read(path));
        return [.. e.Problems.Select(problem => problem.ToString()[path.Length..])];
    }

    private void Model(string name, string type)
    {
        Write($"{name}/config.json", $$"""{"model_type": "{{type}}"}""");
        Write($"{name}/model.safetensors", "x");
        Write($"{name}/tokenizer.json", "{}");
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
