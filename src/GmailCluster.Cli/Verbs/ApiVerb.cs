using System.CommandLine;
using System.Globalization;
using GmailCluster.Cli.Display;
using GmailCluster.Host.Api;
using GmailCluster.Host.Roles;
using Microsoft.Extensions.Logging;

namespace GmailCluster.Cli.Verbs;

/// <summary><c>gmailcluster api</c>: the HTTP API and the dashboard, until it is asked to end.</summary>
internal static class ApiVerb
{
    public static Command Create(CliContext context)
    {
        var store = StoreOption.Create();
        var redis = ClusterOptions.Redis("The Redis that the cluster's silos meet in. Without it, the cluster that 'gmailcluster up' runs on the store.");
        var cluster = ClusterOptions.Cluster();
        var listen = EnvironmentOption.Text("--listen", "GMAILCLUSTER_API_LISTEN", "IP:PORT", "Where to listen; beyond loopback it needs --tokens-file.", ApiOptions.DefaultListen);
        var tokens = EnvironmentOption.Text("--tokens-file", "GMAILCLUSTER_API_TOKENS_FILE", "FILE", "File with the hashes of the tokens that are let in; read again when it changes.");
        var inputs = EnvironmentOption.Text("--inputs", "GMAILCLUSTER_API_INPUTS", "FOLDER", "Folder whose files a spec may name without sending them.");
        var maxInput = EnvironmentOption.Number("--max-input", "GMAILCLUSTER_API_MAX_INPUT_MIB", "The largest file of a submission, in MiB.", 1, 1 << 20, 8192);
        var cache = EnvironmentOption.Text("--cache", "GMAILCLUSTER_CACHE", "FOLDER", "Folder for the files of a submission while they are imported.", ClusterFolders.Cache);
        var tls = new TlsOptions();
        var orleans = new Option<int?>("--orleans-dashboard") { Description = "Port of this machine for Orleans' own dashboard; it asks nobody who they are. Default: none.", HelpName = "PORT" };
        var command = tls.AddTo(new Command("api", "Serve the HTTP API and the dashboard until it is asked to end (SIGTERM, Ctrl-C).")
        {
            store, redis, cluster, listen, tokens, inputs, maxInput, cache, orleans, Token(context),
        });
        command.SetAction((parsed, cancellationToken) => Run(
            new ApiOptions
            {
                Store = parsed.GetRequiredValue(store),
                Redis = parsed.GetValue(redis),
                ClusterId = parsed.GetValue(cluster)!,
                Tls = tls.Read(parsed),
                Listen = parsed.GetValue(listen)!,
                TokensFile = parsed.GetValue(tokens),
                InputsFolder = parsed.GetValue(inputs),
                MaxInputMib = parsed.GetValue(maxInput)!.Value,
                CacheFolder = parsed.GetValue(cache)!,
                OrleansDashboardPort = parsed.GetValue(orleans),
            },
            context, cancellationToken));
        return command;
    }

    private static async Task<int> Run(ApiOptions options, CliContext context, CancellationToken cancellationToken)
    {
        var api = await ApiRole.Start(options, context.IsDebug ? LogLevel.Debug : LogLevel.Information, context.Time, cancellationToken);
        await using (api)
        {
            await context.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"The API and the dashboard are at {api.Address} on store {options.Store}{(options.TokensFile is null ? "; whoever is on this machine is let in" : "")}."));
            await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await context.Out.WriteLineAsync("Ended.");
        return 0;
    }

    private static Command Token(CliContext context)
    {
        var name = new Argument<string>("NAME") { Description = "Whose token it is, for the log." };
        name.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && text.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.' or '@')))
            {
                result.AddError($"'{text}' is no name. Write letters, digits, '-', '_', '.' and '@'.");
            }
        });
        var scope = new Option<ApiScope>("--scope") { Description = "read: look at everything. write: submit, cancel and resume as well.", DefaultValueFactory = _ => ApiScope.Read };
        var command = new Command("token", "Make a token: prints the line for the tokens file, and to standard error the token, which is kept nowhere.") { name, scope };
        command.SetAction(async (parsed, _) =>
        {
            var (secret, line) = ApiToken.Create(parsed.GetRequiredValue(name), parsed.GetValue(scope));
            await context.Error.WriteLineAsync(secret);
            await context.Out.WriteLineAsync(line);
            return 0;
        });
        return command;
    }
}
