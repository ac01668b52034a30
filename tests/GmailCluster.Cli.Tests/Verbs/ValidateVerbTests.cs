namespace GmailCluster.Cli.Tests.Verbs;

public sealed class ValidateVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gmailcluster-validate-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_valid_spec_is_told_in_a_few_lines()
    {
        var path = RepositoryRoot.At("samples", "emoji", "scaling.yaml");

        var run = await CliRun.Of("validate", path);

        Assert.Equal(
            $"""
            {path}: the spec is valid.
              name: emoji-scaling
              arms: naive, gmail
              tasks: caption, retrieve
              seeds: 0, 1, 2; world size 4
              generate: 4 images for every caption, 12 steps each
              align: matched loss, LoRA rank 16, 300 steps of 128
              tests: novel, compositional
              sweep: 12 points for naive, gmail

            """,
            run.Out);
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public async Task Every_mistake_is_a_line()
    {
        var path = Path.Combine(_folder, "bad.yaml");
        await File.WriteAllTextAsync(
            path,
            """
            name: bad
            seed: [0]
            world_size: 0
            models:
              clip: nowhere
            data:
              train: { path: gone.tar }
              tests: [{ name: T, path: gone.tar }]
            arms: [real]
            retrieve:
              steps: many
            """,
            TestContext.Current.CancellationToken);

        var run = await CliRun.Of("validate", path);

        Assert.Equal(
            $"""
            {path}: 8 problems.
            {path}:2: seed is not a key of a spec. Did you mean seeds?
            {path}:3: world_size is 0, outside 1..4096. Set a value such as 4.
            {path}:5: models.clip is 'nowhere', which is not there ({_folder}/nowhere). Paths are relative to the spec file: correct it, or put the folder there.
            {path}:7: data.train.path is 'gone.tar', which is not there ({_folder}/gone.tar). Paths are relative to the spec file: correct it, or put the file there.
            {path}:8: data.tests[0].name is 'T', which does not match ^[a-z0-9][a-z0-9_-]{"{0,31}"}$. Use a short name such as novel: lower-case letters, digits, '-' and '_', 32 at most.
            {path}:8: data.tests[0].path is 'gone.tar', the same pictures as data.train. Held-out pictures must be others: name another file or split.
            {path}:8: data.tests[0].path is 'gone.tar', which is not there ({_folder}/gone.tar). Paths are relative to the spec file: correct it, or put the file there.
            {path}:11: retrieve.steps is 'many', not a whole number. Write digits only, such as 4.

            """,
            run.Error);
        Assert.Equal(2, run.ExitCode);
    }
}
