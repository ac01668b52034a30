using GmailCluster.Errors;
using GmailCluster.Golden;

namespace GmailCluster.Data.Images;

public sealed class PreprocessorFileTests
{
    [Fact]
    public void The_file_is_carried_as_it_is()
    {
        var source = GoldenFolder.Sample("emoji", "emoji-clip");

        Assert.Equal(File.ReadAllBytes(Path.Combine(source, "preprocessor_config.json")), PreprocessorFile.Read(source));
    }

    [Fact]
    public void A_processor_config_gives_its_image_processor()
    {
        using var folder = new TemporaryFolder();
        var inner = File.ReadAllText(Path.Combine(GoldenFolder.Sample("emoji", "emoji-clip"), "preprocessor_config.json"));
        File.WriteAllText(Path.Combine(folder.Path, "processor_config.json"), $$"""{"image_processor": {{inner}}, "processor_class": "CLIPProcessor"}""");

        var carried = PreprocessorFile.Read(folder.Path);

        using var target = new TemporaryFolder();
        File.WriteAllBytes(Path.Combine(target.Path, PreprocessorFile.Name), carried);
        var (before, after) = (ClipImageProcessor.Load(folder.Path), ClipImageProcessor.Load(target.Path));
        Assert.Equal((64, 64), (after.Height, after.Width));
        Assert.Equal((before.Height, before.Width), (after.Height, after.Width));
    }

    [Fact]
    public void A_folder_with_neither_is_refused()
    {
        using var folder = new TemporaryFolder();

        Assert.Contains("holds no preprocessor_config.json", Assert.Throws<InputException>(() => PreprocessorFile.Read(folder.Path)).Message, StringComparison.Ordinal);
    }
}
